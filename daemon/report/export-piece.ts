/** A piece of the exported file, and the number of the last event that is in it. */
export type ExportPiece = { bytes: string | Uint8Array; seq: number }
