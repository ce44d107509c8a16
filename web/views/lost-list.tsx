import { plural } from '../../daemon/words/format.ts'

/** What is not seen for one cause, folded: the cause and its remedy come first. */
export function LostList({ lost }: { lost: string[] }) {
  return (
    <details class="lost" data-testid="lost">
      <summary>{plural(lost.length, 'thing')} not seen</summary>
      <ul>
        {lost.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </details>
  )
}
