import './ahead.js';

// A chunk of its own, so that what runs ahead need not wait for it; index.html asks for it at once.
void import('./app.js');
