/** One file of a bundle, or a note why it is not there. */
export type BundlePart =
  | { name: string; what: string; text: string }
  | { name: string; what: string; missing: string }

/** Reads a part with `read`; what it throws becomes the reason why the part is missing. */
export const partOf = (name: string, what: string, read: () => string): BundlePart => {
  try {
    return { name, what, text: read() }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { name, what, missing: reasons[code ?? ''] ?? message }
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'this host does not have it',
  EACCES: 'reading it needs root',
  EPERM: 'reading it needs root',
}
