/** Positions in a text: Jupyter counts code points (messaging 5.2), the editor UTF-16 units. */

export function toCodePoints(text: string, position: number): number {
  let points = 0;
  for (const _char of text.slice(0, position)) points++;
  return points;
}

export function fromCodePoints(text: string, points: number): number {
  let position = 0;
  let left = points;
  for (const char of text) {
    if (left-- <= 0) break;
    position += char.length;
  }
  return position;
}
