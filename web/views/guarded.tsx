import { Component, type ComponentChildren } from 'preact'

type Props = { name: string; children: ComponentChildren }
type Shown = { error: string | null; failed: ComponentChildren }

/**
 * Contains a section that throws on data of an unforeseen shape: the others stay, and the next data tries again.
 */
export class Guarded extends Component<Props, Shown> {
  override state: Shown = { error: null, failed: null }

  static override getDerivedStateFromProps(props: Props, state: Shown): Partial<Shown> | null {
    return state.error !== null && state.failed !== props.children ? { error: null } : null
  }

  override componentDidCatch(error: unknown): void {
    this.setState({ error: String(error), failed: this.props.children })
  }

  override render() {
    if (this.state.error === null) return this.props.children
    return (
      <section class="section">
        <h2>{this.props.name}</h2>
        <p class="empty">
          This section could not be shown ({this.state.error}). The rest of the page is not affected.
        </p>
      </section>
    )
  }
}
