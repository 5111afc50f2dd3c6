"""The JavaScript kernel under Jupyter's own test-suite for kernels (Debian's python3-jupyter-kernel-test)."""

import unittest

import jupyter_kernel_test

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class JavascriptKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "javascript"
    language_name = "javascript"
    file_extension = ".js"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    completion_samples = [
        {"text": "Math.ma", "matches": {"max"}},
        {"text": "Array.isA"},
    ]
    complete_code_samples = ["1", "console.log('x')", "function f() {\n  return 3;\n}", "Math.max?"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "`text"]
    invalid_code_samples = ["let 1 = 2", "a b", ")"]
    code_page_something = "Math.max?"
    code_generate_error = "throw new Error('on purpose')"
    code_execute_result = [
        {"code": "1+2+3", "result": "6"},
        {"code": "[1, 2].length * 3", "result": "6"},
        {"code": "21+1", "result": "22"},
    ]
    code_display_data = [
        {"code": "display.html('<b>x</b>')", "mime": "text/html"},
        {"code": "display.svg('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')", "mime": "image/svg+xml"},
        {"code": "display.png('%s')" % PIXEL, "mime": "image/png"},
        {"code": "display.markdown('**x**')", "mime": "text/markdown"},
        {"code": "display.json({a: 1})", "mime": "application/json"},
        {"code": "display.table([{a: 1}])", "mime": "text/html"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"
    code_clear_output = "display.clear()"


if __name__ == "__main__":
    unittest.main()
