import type { Zone } from '../daemon/words/format.ts'
import { createStore } from './store.ts'

export type Theme = 'system' | 'light' | 'dark'
export type Preferences = { theme: Theme; zone: Zone }

const key = 'klpscope.preferences'

export const preferences = createStore<Preferences>(remembered())

export function setPreference(change: Partial<Preferences>): void {
  preferences.update((old) => ({ ...old, ...change }))
  applyTheme(preferences.get().theme)
  try {
    localStorage.setItem(key, JSON.stringify(preferences.get()))
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

/** Styles follow `color-scheme`; the attribute overrides what the system prefers. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

function remembered(): Preferences {
  let stored: Partial<Preferences> = {}
  try {
    stored = JSON.parse(localStorage.getItem(key) ?? '{}') ?? {}
  } catch {
    // Nothing readable is remembered.
  }
  const theme = stored.theme === 'light' || stored.theme === 'dark' ? stored.theme : 'system'
  return { theme, zone: stored.zone === 'utc' ? 'utc' : 'local' }
}
