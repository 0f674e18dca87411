const key = 'sallyport-token'

/**
 * The reader's token lives in the tab's session storage: a reload keeps it, closing the tab ends it,
 * no other tab and no other host sees it, and, other than a cookie, the browser sends it nowhere by
 * itself. Scripts of this page could read it, which is why its policy lets no other script run.
 */
export const session = {
  token: (): string | undefined => sessionStorage.getItem(key) ?? undefined,
  begin: (token: string): void => sessionStorage.setItem(key, token),
  end: (): void => sessionStorage.removeItem(key),
}
