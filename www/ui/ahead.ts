import { beginAhead } from '../lib/ahead.js';
import { assetBase } from './place.js';

beginAhead(assetBase);
