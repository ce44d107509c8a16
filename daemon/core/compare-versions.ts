/** Orders MODULE_VERSION strings: numbers by value, the rest as text. Negative: `a` is older. */
export const compareVersions = (a: string, b: string): number => {
  const left = parts(a)
  const right = parts(b)
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const x = left[at]
    const y = right[at]
    // 1.0 is older than 1.0.1
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1
    if (x === y) continue
    const numbers = /^\d+$/.test(x) && /^\d+$/.test(y)
    const order = numbers ? Number(BigInt(x) - BigInt(y)) : x < y ? -1 : 1
    if (order !== 0) return order
  }
  return 0
}

const parts = (version: string): string[] => version.match(/\d+|[^\d.\-_+~]+/g) ?? []
