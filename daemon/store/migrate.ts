import type Database from 'better-sqlite3'
import { isOfOtherForm, refold } from './refold.ts'
import { migrations } from './schema.ts'

/** Larger records are not rewritten to be able to shrink: what is deleted in them makes room for what comes. */
const rewrittenBelowBytes = 512_000_000

/**
 * Brings a record up to date: its schema, the tables that are new to it, and states of another form.
 * @param shrinkable makes it able to give space back, which may mean to rewrite it
 */
export const migrate = (database: Database.Database, { shrinkable }: { shrinkable: boolean }): void => {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version === migrations.length) {
    if (isOfOtherForm(database)) database.transaction(() => refold(database, { tables: false }))()
    return
  }
  database.transaction(() => {
    for (const migration of migrations.slice(version)) database.exec(migration)
    if (version > 0 && version < 3) refold(database, { tables: true })
    database.pragma(`user_version = ${migrations.length}`)
  })()
  if (shrinkable) letShrink(database)
}

/** Only with auto_vacuum a file gives the space of deleted rows back; once there are tables, VACUUM turns it on. */
const letShrink = (database: Database.Database): void => {
  const pages = Number(database.pragma('page_count', { simple: true }))
  const pageBytes = Number(database.pragma('page_size', { simple: true }))
  if (database.pragma('auto_vacuum', { simple: true }) === 2 || pages * pageBytes > rewrittenBelowBytes)
    return
  database.pragma('auto_vacuum = INCREMENTAL')
  database.exec('VACUUM')
}
