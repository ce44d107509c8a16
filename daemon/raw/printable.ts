const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

/** Characters that would move a cursor, end a line or hide: C0, DEL, C1, and the Unicode line ends and directions. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const escaped = (character: string): string => [...new TextEncoder().encode(character)].map(hex).join('')

/** A text whose every character can be seen. */
export const printableText = (text: string): string => text.replace(unprintable, escaped)

/**
 * A name as the kernel holds it, up to its first NUL: any bytes. UTF-8 stays readable, every other byte and what
 * cannot be seen becomes \xNN. With bpftrace-output.ts, where text comes in JSON, the one place where bytes become text.
 */
export const printable = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  const name = end < 0 ? bytes : bytes.subarray(0, end)
  try {
    return printableText(utf8.decode(name))
  } catch {
    return [...name]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte)))
      .join('')
  }
}
