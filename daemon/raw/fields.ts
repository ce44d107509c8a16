/**
 * What a field of a record becomes. `int`: a number, of up to 32 bits; `flag`: true unless 0; `wide`: a bigint, of 64
 * bits, unsigned; `text`: printable characters; `wides`: an array of bigint.
 */
export type FieldType = 'int' | 'flag' | 'wide' | 'text' | 'wides'

/** The fields of a struct by their names in camelCase; a struct in a struct is fields in fields. */
export type Fields = { readonly [name: string]: FieldType | Fields }

type Values = { int: number; flag: boolean; wide: bigint; text: string; wides: bigint[] }

export type Decoded<F> = {
  -readonly [Name in keyof F]: F[Name] extends FieldType ? Values[F[Name]] : Decoded<F[Name]>
}
