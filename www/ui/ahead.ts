import { compileAhead } from '../lib/ahead.js';
import { assetBase } from './place.js';

// On its own, so that it runs before the page's other modules are set up.
compileAhead(assetBase);
