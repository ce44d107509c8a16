import type { ComponentChildren } from 'preact'

type Props = {
  id: string
  title: string
  /** Beside the title: a count, a switch. */
  aside?: ComponentChildren
  testId?: string
  children: ComponentChildren
}

/** A titled part of the page that the navigation can name. */
export function Section({ id, title, aside, testId, children }: Props) {
  return (
    <section class="section" id={id} aria-labelledby={`${id}-title`} data-testid={testId}>
      <div class="section-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** Says what is missing and what to do. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>
}
