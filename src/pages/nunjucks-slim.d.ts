/** The engine without parser and compiler: what it needs is what precompiled templates need. */
declare module 'nunjucks/browser/nunjucks-slim.js' {
  import type nunjucks from 'nunjucks';
  const slim: typeof nunjucks;
  export default slim;
}
