import type { OutputOrder, Usual } from './generated.js';

/** What is used where nothing is asked for, and what there is to offer, as the Rust side has it: the bundler asks for it. */
export const USUAL: Usual = __INLARGE_USUAL__;

/** The file that is written where nothing else is asked for: nothing of it is left out. */
export const USUAL_FILE = USUAL.output as Required<OutputOrder>;
