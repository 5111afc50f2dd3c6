/** The anchor that the classic notebook gives a heading: its text with blanks as hyphens. */
export function headingId(text: string): string {
  return text.trim().replace(/\s/g, '-');
}
