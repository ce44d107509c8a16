import type Database from 'better-sqlite3'

/** More free pages than this share are given back to the disk; fewer are soon needed again. */
const freeShare = 0.05
const smallestPages = 64
const pagesAtOnce = 250

export const sizeOf = (database: Database.Database) => {
  const pragma = (name: string) => Number(database.pragma(name, { simple: true }))
  const [pages, freePages, pageBytes] = [pragma('page_count'), pragma('freelist_count'), pragma('page_size')]
  return { pages, freePages, fileBytes: pages * pageBytes, usedBytes: (pages - freePages) * pageBytes }
}

/** Makes the file smaller by some pages, when many are free. @returns whether there is more to give back */
export const giveBackSpace = (database: Database.Database): boolean => {
  const { pages, freePages } = sizeOf(database)
  if (freePages < Math.max(smallestPages, pages * freeShare)) return false
  database.pragma(`incremental_vacuum(${pagesAtOnce})`)
  // Without auto_vacuum there is nothing to be had.
  return sizeOf(database).freePages < freePages
}
