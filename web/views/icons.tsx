import type { Headline } from '../../daemon/contract/state.ts'

/** Each level has its own outline, so that it is told apart without colour. */
const outlines: Record<Headline['level'], string> = {
  ok: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM7.5 12.3l3.1 3.1 6-6.6',
  info: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM12 11v6M12 7.2v.1',
  warning: 'M12 3 1.8 20.5h20.4zM12 9.5v5M12 17.6v.1',
  critical: 'M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9zM12 6.8v6.4M12 16.8v.1',
  unknown:
    'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zM9.2 9.4a2.9 2.9 0 1 1 4.4 2.4c-1 .6-1.6 1.2-1.6 2.3M12 17.4v.1',
}

export function LevelIcon({ level }: { level: Headline['level'] }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={outlines[level] ?? outlines.unknown} />
    </svg>
  )
}

export function Chevron() {
  return (
    <svg class="chevron" viewBox="0 0 12 12" aria-hidden="true">
      <path d="M4 2l4 4-4 4" />
    </svg>
  )
}
