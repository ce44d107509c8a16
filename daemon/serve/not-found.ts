import type { Response } from 'express'

/** 404 with what is wrong and the remedy. */
export const notFound = (response: Response, error: string, remedy: string): void =>
  void response.status(404).json({ error, remedy })
