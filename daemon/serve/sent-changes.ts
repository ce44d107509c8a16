/** What was sent lately, as it was sent, for those who missed some of it. */
export type SentChanges = {
  /** @param after the number of the newest event that everyone following had before this message */
  keep: (after: number, text: Buffer) => void
  /** What whoever has everything up to event `seq` may have missed; null when that is not known any more. */
  since: (seq: number) => Buffer[] | null
}

const messagesKept = 600

/** @param bytesKept what is older than so many bytes is forgotten */
export const createSentChanges = (bytesKept: number): SentChanges => {
  const sent: { after: number; text: Buffer }[] = []
  let sentBytes = 0
  return {
    keep: (after, text) => {
      sent.push({ after, text })
      sentBytes += text.length
      while (sent.length > messagesKept || (sentBytes > bytesKept && sent.length > 1))
        sentBytes -= sent.shift()?.text.length ?? 0
    },
    // Several messages may have one number, when a part of the state follows later: with the first of them they are whole.
    since: (seq) => {
      const start = sent.findIndex(({ after }) => after === seq)
      return start === -1 ? null : sent.slice(start).map(({ text }) => text)
    },
  }
}
