/** Enough for thousands of ordinary events, or for the largest single one. */
const pageBytes = 16_000_000

/**
 * The first rows of a query, so many that they take little memory together: a file that anybody may have made holds
 * events of megabytes each. At least one, if there is any.
 */
export const takePage = <Row extends { data: string }>(rows: Iterable<Row>): Row[] => {
  const page: Row[] = []
  let bytes = 0
  for (const row of rows) {
    page.push(row)
    bytes += row.data.length
    if (bytes >= pageBytes) break
  }
  return page
}
