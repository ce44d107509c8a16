/** The same JSON, with what a terminal would obey or hide written as escapes: parsed, it is the same to the byte. */
export function harmlessJson(json: string): string {
  return json.replace(/[\p{Cf}\u007f-\u009f\u2028\u2029\u115f\u1160\u3164]/gu, (text) =>
    Array.from(
      { length: text.length },
      (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
