/** Sets one option in the text of a configuration file and leaves all else, comments too, as its owner wrote it. */
import { applyEdits, modify } from 'jsonc-parser';
import { parseConfig } from './config-file.js';
import { resolveName } from './names.js';
import type { OptionName } from './options.js';
import { describeOption } from './options.js';

/**
 * Where the option stands already, its value is replaced. Else the line that shows it commented out comes to life,
 * as a person would do it; else it is added to its section.
 *
 * @throws ConfigError when the text is not a configuration file
 */
export function setOption(text: string, name: OptionName, value: unknown, shown: string): string {
  const paths = writtenPaths(text, name, shown);
  const [first] = paths;
  if (first !== undefined) return edit(text, first, value);
  return uncomment(text, name, value, shown) ?? edit(text, [describeOption(name).section, name], value);
}

/** How the file spells the option, as a path into its JSON. */
function writtenPaths(text: string, name: OptionName, shown: string): string[][] {
  return parseConfig(text, shown, '/')
    .filter(({ written }) => {
      const resolved = resolveName(written);
      return resolved.kind === 'option' && resolved.name === name;
    })
    .map(({ written }) => (/^[A-Z]/.test(written) ? written.split('.') : [written]));
}

function uncomment(text: string, name: OptionName, value: unknown, shown: string): string | undefined {
  // A function as replacement: a hash is full of "$", which a replacement text would interpret.
  const live = text.replace(
    new RegExp(`^([ \\t]*)// "${name}": .*,[ \\t]*$`, 'm'),
    (_line, indent: string) => `${indent}"${name}": ${JSON.stringify(value)},`,
  );
  if (live === text) return undefined;
  try {
    return writtenPaths(live, name, shown).length === 1 ? live : undefined;
  } catch {
    return undefined; // the comment stood where JSON allows no property: add it properly instead
  }
}

function edit(text: string, path: string[], value: unknown): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: text.includes('\r\n') ? '\r\n' : '\n' };
  return applyEdits(
    text.trim() === '' ? '{}' : text,
    modify(text.trim() === '' ? '{}' : text, path, value, { formattingOptions }),
  );
}
