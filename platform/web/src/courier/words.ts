/** The words of couriers, which the other pages need not load: they are added when this is imported. */

import { addWords } from '../i18n/language.svelte'
import { en } from './words_en'
import { zh } from './words_zh'

addWords({ en, zh })
