/**
 * Runs `work` for every item, at most `limit` at once, and gives the results in the order of the
 * items, whatever order they ended in. The first failure ends it; what runs already runs out.
 */
export async function sideBySide<Item, Done>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Done>,
): Promise<Done[]> {
  const done: Done[] = []
  let next = 0
  const takeTurns = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index]
      if (item !== undefined) done[index] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, takeTurns))
  return done
}
