import type { ShadowAges } from '../contract/shadow.ts'
import { shadowAgeNames } from '../contract/shadow-age-bounds.ts'
import { formatCount } from './format.ts'

/** "3 under 1 min; 2 over 10 min; 1 over 1 d, perhaps older than the tracer; 4 not known" */
export function describeAges({ known, atLeast, unknown }: Omit<ShadowAges, 'id'>): string {
  const some = (counts: readonly number[], more: string) =>
    counts.flatMap((count, bound) =>
      count > 0 ? [`${formatCount(count)} ${shadowAgeNames[bound]}${more}`] : [],
    )
  return [
    ...some(known, ''),
    ...some(atLeast, ', perhaps older than the tracer'),
    ...(unknown > 0 ? [`${formatCount(unknown)} not known`] : []),
  ].join('; ')
}
