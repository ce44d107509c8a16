import type { EventKind } from '../contract/event.ts'

/** What happens to patches, their objects and the modules these are in. */
export const patchLifeKinds: readonly EventKind[] = [
  'patch-loading',
  'patch-load-refused',
  'patch-enabled',
  'patch-replaced',
  'patch-disabled',
  'patch-released',
  'object-patched',
  'object-unpatched',
  'module-coming',
  'module-going',
  'module-refused',
]
