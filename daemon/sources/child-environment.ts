/** What programs need to find their files and to write times and texts as the user wants them. */
const passedOn = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR']

/**
 * The environment of a child process. It does not get ours whole: that may hold secrets, and variables that change what
 * a program does (NODE_OPTIONS, LD_PRELOAD).
 * @param own what this child is to have besides
 */
export const childEnvironment = (own: Record<string, string> = {}): Record<string, string> => ({
  ...Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  ),
  ...own,
})
