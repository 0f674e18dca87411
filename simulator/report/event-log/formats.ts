/** In which form a run's events are written. */
export const eventFormats = ['jsonl', 'parquet'] as const

export type EventFormat = (typeof eventFormats)[number]
