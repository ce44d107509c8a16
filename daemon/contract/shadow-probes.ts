import type { ProbeSet } from './event-parts.ts'

/** Without a probe on one of these changes are not counted: there are as many variables as the last walk found. */
export const shadowCountedWith: readonly string[] = [
  'klp_shadow_alloc',
  'klp_shadow_get_or_alloc',
  'klp_shadow_free_struct',
]

export const countsShadow = (probeSets: readonly ProbeSet[]): boolean =>
  !probeSets.some(
    ({ name, lost }) => name === 'shadow' && lost?.some((one) => shadowCountedWith.includes(one.name)),
  )
