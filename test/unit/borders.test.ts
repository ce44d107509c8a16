import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
type Import = { file: string; target: string; internal: boolean }

/** Where a file's imports lead: a path in the checkout, or the name of a package. Type imports count too. */
const importsOf = (file: string): Import[] =>
  ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true).importedFiles.map(({ fileName }) => {
    const internal = fileName.startsWith('.')
    const target = internal ? relative(root, resolve(root, dirname(file), fileName)) : fileName
    return { file, target, internal }
  })

const importsUnder = (folder: string): Import[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .flatMap(importsOf)

/** What a folder may import: other folders by path, packages by name; and nothing of Node unless said so. */
const rules: { folder: string; folders: string[]; packages: string[] }[] = [
  { folder: 'daemon/contract', folders: ['daemon/contract'], packages: ['zod'] },
  { folder: 'daemon/raw', folders: ['daemon/raw'], packages: ['zod'] },
  { folder: 'daemon/words', folders: ['daemon/words', 'daemon/contract'], packages: [] },
  {
    folder: 'daemon/core',
    folders: ['daemon/core', 'daemon/contract', 'daemon/words'],
    packages: ['immutable'],
  },
  {
    folder: 'daemon/probes',
    folders: ['daemon/probes', 'daemon/raw', 'daemon/contract', 'daemon/core'],
    packages: [],
  },
]

const breaches = (imports: Import[], folders: string[], packages: string[]): string[] =>
  imports
    .filter(({ target, internal }) =>
      internal ? !folders.some((folder) => target.startsWith(`${folder}/`)) : !packages.includes(target),
    )
    .map(({ file, target }) => `${file} imports ${target}`)

describe.each(rules)('$folder', ({ folder, folders, packages }) => {
  it('imports no I/O and nothing further out', () => {
    const imports = importsUnder(folder)
    expect(imports.length).toBeGreaterThan(3)
    expect(breaches(imports, folders, packages)).toEqual([])
  })

  it('reaches for no clock, chance or surroundings by a global either', () => {
    const globals =
      /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.(?:env|stdout|hrtime)|setTimeout|setInterval|fetch\()/
    const files = [...new Set(importsUnder(folder).map(({ file }) => file))]
    const found = files.filter((file) => globals.test(readFileSync(join(root, file), 'utf8')))
    expect(found).toEqual([])
  })
})

describe('web', () => {
  const imports = importsUnder('web').filter(({ file }) => !file.endsWith('vite.config.ts'))

  it('imports of the daemon the contract and its words only', () => {
    const own = imports.filter(({ internal }) => internal)
    expect(own.some(({ target }) => target.startsWith('daemon/contract/'))).toBe(true)
    expect(breaches(own, ['web', 'daemon/contract', 'daemon/words'], [])).toEqual([])
  })

  it('imports nothing of Node', () => {
    const node = imports.filter(({ target }) => target.startsWith('node:') || builtinModules.includes(target))
    expect(node).toEqual([])
  })
})

describe('the whole daemon', () => {
  it('imports nothing of the page', () => {
    const ofThePage = importsUnder('daemon').filter(({ target }) => target.startsWith('web/'))
    expect(ofThePage.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('has no folder that imports the composition root or the command line', () => {
    const inner = ['contract', 'words', 'core', 'probes', 'sources', 'store', 'report', 'serve'].flatMap(
      (folder) => importsUnder(`daemon/${folder}`),
    )
    const outward = inner.filter(({ target }) => /^daemon\/(main|run-daemon|cli\/)/.test(target))
    expect(outward.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })
})
