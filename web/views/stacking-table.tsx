import type { ComponentChildren } from 'preact'

/** A column's head; of `number` columns right-aligned. */
export type Column = string | { number: string }

type Props = { columns: Column[]; testId?: string; children: ComponentChildren }

/** A table whose rows become cards on a narrow screen: there each cell tells its column (`data-label`). */
export function StackingTable({ columns, testId, children }: Props) {
  return (
    <table class="stacking" data-testid={testId}>
      <thead>
        <tr>
          {columns.map((column) => {
            const isNumber = typeof column !== 'string'
            const label = isNumber ? column.number : column
            return (
              <th key={label} scope="col" class={isNumber ? 'number' : undefined}>
                {label}
              </th>
            )
          })}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  )
}

type NumberCellProps = {
  label: string
  children: ComponentChildren
  title?: string
  testId?: string
  emphasis?: 'strong' | 'warned' | undefined
}

export function NumberCell({ label, children, title, testId, emphasis }: NumberCellProps) {
  return (
    <td
      data-label={label}
      class={emphasis ? `number ${emphasis}` : 'number'}
      title={title}
      data-testid={testId}
    >
      {children}
    </td>
  )
}
