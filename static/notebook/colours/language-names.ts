/** The kernel's or a code fence's name for a language as one word: `ipython3`, `py`, `Python` → `python`. */
export function canonical(language: string): string {
  const name = language.toLowerCase();
  if (/^(?:i?python\d*|py\d?)$/.test(name)) return 'python';
  if (/^(?:javascript|js|jsx|typescript|ts|tsx|node|node\.js|mjs)$/.test(name)) return 'javascript';
  return name;
}
