export const COMMANDS: readonly string[];
export function argumentsBehindNpm(words: string[], env: Record<string, string | undefined>): string[];
