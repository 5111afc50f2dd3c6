/**
 * `<style>` of an output (pandas' Styler, mostly) as a style sheet that reaches that output alone.
 *
 * The browser parses it first and the rules are written again inside `@scope`, so that no brace in it can close the
 * scope. Rules that would fetch something are left out: a style sheet must not tell another server what is read.
 */

let last = 0;

/** Applies `styles` to the inside of `root`. Returns how to take them away. */
export function scopeStyles(root: HTMLElement, styles: readonly string[]): () => void {
  const rules = styles.flatMap((text) => safeRules(text));
  if (rules.length === 0) return () => undefined;
  const scope = `s${++last}`;
  root.dataset['styleScope'] = scope;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`@scope ([data-style-scope="${scope}"]) {\n${rules.join('\n')}\n}`);
  document.adoptedStyleSheets.push(sheet);
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
  };
}

function safeRules(text: string): string[] {
  const sheet = new CSSStyleSheet(); // drops @import by itself
  sheet.replaceSync(text);
  prefixIds(sheet.cssRules);
  return [...sheet.cssRules]
    .filter((rule) => rule instanceof CSSStyleRule || rule instanceof CSSMediaRule)
    .map((rule) => rule.cssText)
    .filter((rule) => !fetchesSomething(rule));
}

/** The sanitiser puts `user-content-` before ids; the selectors follow. */
function prefixIds(rules: CSSRuleList): void {
  for (const rule of rules) {
    if (rule instanceof CSSStyleRule) {
      rule.selectorText = rule.selectorText.replace(/#(?=[\w\\-])/g, '#user-content-');
    }
    if (rule instanceof CSSMediaRule || rule instanceof CSSStyleRule) prefixIds(rule.cssRules);
  }
}

/** Whether CSS text names an address that is not inside the text itself, however it is spelled. */
export function fetchesSomething(css: string): boolean {
  const plain = css
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\\([0-9a-f]{1,6})\s?/gi, (_match, hex: string) => codePoint(parseInt(hex, 16)))
    .replace(/\\(.)/g, '$1');
  return /(?:url|src)\(\s*(?!["']?(?:data:|#))|image-set\(|image\(|@import/i.test(plain);
}

function codePoint(code: number): string {
  return code > 0x10ffff ? '' : String.fromCodePoint(code);
}
