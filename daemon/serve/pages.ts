import { sep } from 'node:path'
import express, { type RequestHandler, Router } from 'express'
import type { ApiError } from '../contract/message.ts'

/** The dashboard's files, and a page for every address that has none. */
export const createPages = (webDir: string): Router => {
  const pages = Router()
  pages.use(
    express.static(webDir, {
      cacheControl: false,
      redirect: false,
      setHeaders: (response, file) => {
        // Vite puts a hash of the content into the names of what lies there.
        const isHashed = file.startsWith(`${webDir}${sep}assets${sep}`)
        response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    }),
  )
  pages.use(noSuchPage)
  return pages
}

const noSuchPage: RequestHandler = (request, response) => {
  response.status(404)
  const isHome = request.path === '/'
  const error = isHome ? 'The dashboard has not been built.' : `There is no page ${request.path}.`
  if (request.accepts(['html', 'json']) === 'json') {
    const remedy = isHome ? 'Build it: npm run build' : 'The dashboard is at /, the API at /api/v1.'
    return void response.json({ error, remedy } satisfies ApiError)
  }
  const transition = /^\/transitions\/(\d+)\/?$/.exec(request.path)?.[1]
  const links = [
    isHome ? '<p>Build it: <code>npm run build</code></p>' : '<p><a href="/">Open the dashboard</a></p>',
    transition === undefined
      ? ''
      : `<p><a href="/api/v1/transitions/${transition}/report?format=html">Report of transition ${transition}</a></p>`,
  ]
  response.type('html').send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>No such page · klpscope</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1rem; overflow-wrap: anywhere }</style>
<h1>${isHome ? 'Not built' : 'No such page'}</h1>
<p>${escapeHtml(error)}</p>
${links.join('')}
</html>
`)
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
