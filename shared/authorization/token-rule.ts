/** Where a request may bear a token (Istio's `fromHeaders`, `fromParams`, `fromCookies`). */
export type TokenPlace =
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'param' | 'cookie'; readonly name: string }

/** Whose JSON Web Tokens are believed, and where they stand (one of Istio's `jwtRules`). */
export interface TokenRule {
  readonly issuer: string
  /** One of them has to be among a token's own; any token of the issuer is believed where there are none. */
  readonly audiences: readonly string[]
  /** A JWK Set (RFC 7517 section 5), or its https address. */
  readonly keys:
    | { readonly kind: 'inline'; readonly jwks: string }
    | { readonly kind: 'address'; readonly url: string }
  readonly places: readonly TokenPlace[]
}

/** Istio's own where a rule names no place: RFC 6750 2.1 and 2.3. */
export const usualPlaces: readonly TokenPlace[] = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'param', name: 'access_token' },
]

/**
 * What is asked of a request for its tokens: every value of a name, since the target may take another
 * one than we do. Lines of one header are one value, which is no token then.
 */
export interface TokenBearer {
  header(name: string): string | undefined
  params(name: string): readonly string[]
  cookies(name: string): readonly string[]
}

/** The tokens that stand in some places, each once. A header that lacks its prefix bears none. */
export function tokensAt(places: readonly TokenPlace[], bearer: TokenBearer): readonly string[] {
  return [...new Set(places.flatMap((place) => valuesAt(place, bearer)))]
}

function valuesAt(place: TokenPlace, bearer: TokenBearer): readonly string[] {
  switch (place.kind) {
    case 'param':
      return bearer.params(place.name)
    case 'cookie':
      return bearer.cookies(place.name)
    case 'header': {
      const value = bearer.header(place.name)
      return value?.startsWith(place.prefix) === true ? [value.slice(place.prefix.length)] : []
    }
  }
}
