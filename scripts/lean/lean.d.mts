export function leanMimeTable(table: object): object;
