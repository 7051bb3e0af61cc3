/** How good news are; `ui/base.css` has a class for each. */
export type Tone = 'plain' | 'good' | 'warn' | 'bad'
