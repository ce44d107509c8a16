/**
 * Control and format characters (bidirectional overrides, zero-width ones), line separators, fillers and lone
 * surrogates, which could hide or reorder text. A process chooses its own name (prctl PR_SET_NAME), so any of
 * them may arrive in a `comm`.
 */
export const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164]/u
const everyHidden = new RegExp(hidden, 'gu')

const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e' }

function escapeOne(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return (
    short[character] ??
    (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
  )
}

/** The text with everything invisible made visible, as `\n`, `\x07` or `\u{202e}`. */
export function visibleText(text: string): string {
  return text.replace(everyHidden, escapeOne)
}

/** Prose of ours that may have several lines. */
const proseKeys = new Set(['advice', 'remedy'])

/** The same value with every string in it made visible: done once at the border, so that no view can forget. */
export function visibleStrings(value: unknown, key = ''): unknown {
  if (typeof value === 'string') {
    return proseKeys.has(key) ? value.split('\n').map(visibleText).join('\n') : visibleText(value)
  }
  if (Array.isArray(value)) return value.map((item) => visibleStrings(item, key))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, visibleStrings(item, name)]))
  }
  return value
}
