import { hidden } from './visible-text.ts'

const harmless = /^[\w@%+=:,./-]+$/

/**
 * A text as one word of a shell command: unchanged where that is safe, in single quotes otherwise, and as `$'…'`
 * (bash, zsh) where it has characters that cannot be seen. Names of patches, units and files are chosen by others:
 * whoever copies a command from our advice must not run what a name contains.
 */
export const shellQuote = (text: string): string => {
  if (harmless.test(text)) return text
  if (!hidden.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`
  return `$'${[...text].map(escapeOne).join('')}'`
}

/** A file's path as an argument of a shell command: one that begins with a dash is not taken for an option. */
export const shellQuoteFile = (file: string): string => shellQuote(file.startsWith('-') ? `./${file}` : file)

const escapeOne = (character: string): string => {
  if (character === "'" || character === '\\') return `\\${character}`
  if (!hidden.test(character)) return character
  // As bytes: what \u gives depends on the locale of the shell.
  const bytes = [...new TextEncoder().encode(character)]
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
}
