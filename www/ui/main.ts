import './ahead.js';
import './app.js';
