/**
 * Which function a patch changes: its object, its name, and its place among the functions of that name in the object
 * (static functions of different files may share a name). The place counts from 1; the kernel's 0 says that there is
 * only one, which then is the first. Source: include/linux/livepatch.h, struct klp_func, old_sympos.
 */
export type FunctionIdentity = { object: string; function: string; sympos?: number | undefined }

/** As sysfs writes it (`name,2`), but for the first or only one of its name, which is its name alone. */
export const functionLabel = ({ function: name, sympos }: Omit<FunctionIdentity, 'object'>): string =>
  (sympos ?? 0) > 1 ? `${name},${sympos}` : name

/** The same string for the same function, whichever patch or source names it. */
export const functionKey = (identity: FunctionIdentity): string =>
  `${identity.object}:${functionLabel(identity)}`

/** Reads a label, or a folder of sysfs below a patched object (`name,sympos`). */
export const parseFunctionLabel = (label: string): { function: string; sympos: number } => {
  const [, name, sympos] = /^(.+),(\d{1,9})$/.exec(label) ?? []
  return name === undefined ? { function: label, sympos: 1 } : { function: name, sympos: Number(sympos) || 1 }
}

/** Nothing but the identity of something that has one. */
export const identityOf = ({ object, function: name, sympos }: FunctionIdentity) => ({
  object,
  function: name,
  ...symposField(sympos),
})

/** What an event or record has to say of the place: nothing for the first or only one. */
export const symposField = (sympos: number | undefined): { sympos?: number } =>
  sympos !== undefined && sympos > 1 ? { sympos } : {}
