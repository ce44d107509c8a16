import { type Request, type Response, Router } from 'express'
import type { Sample } from '../contract/timeline.ts'
import { type ApiOptions, createApi } from './api.ts'
import { notFound } from './not-found.ts'

export type Samples = {
  list: readonly Sample[]
  /** Null: there is none of this name. */
  open: (name: string) => Promise<ApiOptions | null>
}

/** Under /samples/NAME the same API as of the daemon's own record, over a recording that comes with klpscope. */
export const createSamplesApi = (samples: Samples): Router => {
  const api = Router()
  const apis = new WeakMap<ApiOptions, Router>()
  api.use('/samples/:name', async (request: Request<{ name: string }>, response: Response, next) => {
    const { name } = request.params
    const options = await samples.open(name)
    if (!options) {
      const known = samples.list.map((sample) => sample.name).join(', ')
      return notFound(response, `There is no sample recording ${name}.`, `There are: ${known}.`)
    }
    const made = apis.get(options) ?? createApi(options)
    apis.set(options, made)
    made(request, response, next)
  })
  return api
}
