import type { Sample } from '../../daemon/contract/timeline.ts'

/** Real recordings to look at when nothing happens here; each is a page of its own, the record here goes on. */
export function Samples({ samples, opened }: { samples: Sample[]; opened: string | null }) {
  if (samples.length === 0) return null
  return (
    <footer class="samples" data-testid="samples">
      <span>Open a sample recording:</span>
      <ul>
        {samples.map(({ name, title, kernel }) => (
          <li key={name}>
            <a
              href={`/?record=${encodeURIComponent(name)}`}
              aria-current={name === opened ? 'page' : undefined}
            >
              {title}
            </a>{' '}
            <span class="muted">Linux {kernel}</span>
          </li>
        ))}
      </ul>
      {opened !== null && <a href="/">Close the sample</a>}
    </footer>
  )
}
