import type { CompareWords } from '../elements/compare.js';

/** Everything that the widget says. */
export interface Words extends CompareWords {
  readonly choose: string;
  readonly drop: string;
  readonly upscale: string;
  readonly cancel: string;
  readonly save: string;
  readonly progress: string;
  readonly loading: string;
  readonly tile: (done: number, total: number) => string;
  readonly done: (width: number, height: number) => string;
}

const en: Words = {
  before: 'Before', after: 'After', fit: 'Fit', zoom: 'Zoom', divider: 'Divider between before and after',
  picture: 'Picture. Arrow keys move it, plus and minus zoom.',
  choose: 'Choose image', drop: 'The picture stays on this device.', upscale: 'Upscale', cancel: 'Cancel', save: 'Save', progress: 'Progress',
  loading: 'Loading', tile: (done, total) => `Tile ${done} of ${total}`, done: (width, height) => `${width} × ${height} pixels`,
};

const de: Words = {
  before: 'Vorher', after: 'Nachher', fit: 'Ganz', zoom: 'Zoom', divider: 'Teiler zwischen vorher und nachher',
  picture: 'Bild. Pfeiltasten verschieben, Plus und Minus zoomen.',
  choose: 'Bild wählen', drop: 'Das Bild bleibt auf diesem Gerät.', upscale: 'Vergrößern', cancel: 'Abbrechen', save: 'Speichern', progress: 'Fortschritt',
  loading: 'Wird geladen', tile: (done, total) => `Kachel ${done} von ${total}`, done: (width, height) => `${width} × ${height} Pixel`,
};

const fr: Words = {
  before: 'Avant', after: 'Après', fit: 'Entier', zoom: 'Zoom', divider: 'Séparation entre avant et après',
  picture: 'Image. Les flèches la déplacent, plus et moins changent le zoom.',
  choose: 'Choisir une image', drop: "L'image reste sur cet appareil.", upscale: 'Agrandir', cancel: 'Annuler', save: 'Enregistrer', progress: 'Progression',
  loading: 'Chargement', tile: (done, total) => `Tuile ${done} sur ${total}`, done: (width, height) => `${width} × ${height} pixels`,
};

const es: Words = {
  before: 'Antes', after: 'Después', fit: 'Entera', zoom: 'Zoom', divider: 'División entre antes y después',
  picture: 'Imagen. Las flechas la mueven, más y menos cambian el zoom.',
  choose: 'Elegir imagen', drop: 'La imagen no sale de este dispositivo.', upscale: 'Ampliar', cancel: 'Cancelar', save: 'Guardar', progress: 'Progreso',
  loading: 'Cargando', tile: (done, total) => `Bloque ${done} de ${total}`, done: (width, height) => `${width} × ${height} píxeles`,
};

const LANGUAGES: Record<string, Words> = { en, de, fr, es };

/** The words for an element: its own or its page's `lang`, then the browser's language, then English. */
export function wordsFor(element: HTMLElement): Words {
  const declared = element.lang || element.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang;
  const language = (declared || navigator.language).toLowerCase().split('-')[0] ?? 'en';
  return LANGUAGES[language] ?? en;
}
