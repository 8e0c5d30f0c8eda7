/**
 * Paints a lake at dusk, 1536 x 1024, and scales it down to the small picture that the page offers as its
 * example. Runs inside a browser; gives a JPEG as a data: address. Deterministic.
 */
export function paintExample() {
  const [W, H] = [1536, 1024];
  let seed = 20250611;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 4294967296;
  };
  const lattice = Array.from({ length: 4096 }, random);
  const noise = (x) => {
    const i = Math.floor(x);
    const t = x - i;
    const s = t * t * (3 - 2 * t);
    return lattice[i & 4095] * (1 - s) + lattice[(i + 1) & 4095] * s;
  };
  const ridge = (x, scale, phase) => {
    let sum = 0;
    for (let octave = 0, size = 1, weight = 1; octave < 8; octave += 1, size *= 2, weight *= 0.52) sum += weight * noise((x / scale) * size + phase * 97 + octave * 31);
    return sum / 2.05;
  };
  const canvas = document.createElement('canvas');
  canvas.width = W;
  canvas.height = H;
  const g = canvas.getContext('2d');
  const water = 690;

  const sky = g.createLinearGradient(0, 0, 0, water);
  [['#27324f', 0], ['#5a4f72', 0.34], ['#b4705f', 0.64], ['#f2a765', 0.86], ['#ffd79a', 1]].forEach(([c, at]) => sky.addColorStop(at, c));
  g.fillStyle = sky;
  g.fillRect(0, 0, W, water);
  const sun = g.createRadialGradient(1010, 560, 10, 1010, 560, 420);
  sun.addColorStop(0, 'rgba(255,236,190,.95)');
  sun.addColorStop(0.1, 'rgba(255,221,160,.6)');
  sun.addColorStop(1, 'rgba(255,200,130,0)');
  g.fillStyle = sun;
  g.fillRect(0, 0, W, water);
  for (let i = 0; i < 260; i += 1) {
    const y = 90 + random() * 380;
    const x = random() * W;
    const length = 60 + random() * 330;
    g.fillStyle = `rgba(255,${190 + random() * 40},${150 + random() * 40},${0.015 + random() * 0.05})`;
    g.beginPath();
    g.ellipse(x, y, length, 2 + random() * 7, -0.02, 0, 7);
    g.fill();
  }

  const layers = [[500, 250, 760, '#8b6a78', 1], [560, 190, 560, '#664d60', 2], [612, 150, 420, '#43354a', 3], [668, 90, 300, '#271f30', 4]];
  for (const [base, height, scale, colour, phase] of layers) {
    g.fillStyle = colour;
    g.beginPath();
    g.moveTo(0, water);
    for (let x = 0; x <= W; x += 1) g.lineTo(x, base + height * (0.5 - ridge(x, scale, phase)));
    g.lineTo(W, water);
    g.fill();
    const mist = g.createLinearGradient(0, base - 20, 0, water);
    mist.addColorStop(0, 'rgba(255,196,150,0)');
    mist.addColorStop(1, `rgba(255,196,150,${0.3 - phase * 0.05})`);
    g.fillStyle = mist;
    g.fillRect(0, base - 20, W, water - base + 20);
  }
  const fir = (x, y, height, colour) => {
    g.fillStyle = colour;
    g.fillRect(x - height * 0.012, y - height, height * 0.024, height);
    for (let level = 0; level < 1; level += 0.035) {
      const half = height * 0.19 * level * (0.75 + random() * 0.5) + 1.5;
      const top = y - height * (1 - level * 0.94);
      g.beginPath();
      g.moveTo(x, top - height * 0.05);
      g.lineTo(x - half, top + height * 0.028);
      g.lineTo(x, top + height * 0.006);
      g.lineTo(x + half * (0.8 + random() * 0.4), top + height * 0.028);
      g.fill();
    }
  };
  for (let x = 0; x < W; x += 5 + random() * 12) fir(x, water + 2, 26 + random() * 46 + 30 * ridge(x, 200, 7), '#1b1622');

  // The lake is the sky upside down, torn by ripples that widen towards the viewer.
  const upper = g.getImageData(0, 0, W, water);
  const lake = g.createImageData(W, H - water);
  for (let y = 0; y < H - water; y += 1) {
    const near = y / (H - water);
    for (let x = 0; x < W; x += 1) {
      const wave = (noise(x / (26 + 90 * near) + y * (1.7 - near) + 11) - 0.5) * (5 + 46 * near) + Math.sin(y / (2.2 + 5 * near) + noise(x / 70) * 9) * (1 + 5 * near);
      const from = Math.max(0, Math.min(water - 1, Math.round(water - 1 - y * 1.25 - wave)));
      const side = Math.max(0, Math.min(W - 1, Math.round(x + wave * 0.6)));
      for (let c = 0; c < 3; c += 1) lake.data[(y * W + x) * 4 + c] = upper.data[(from * W + side) * 4 + c] * (0.86 - 0.3 * near) + [10, 12, 22][c];
      lake.data[(y * W + x) * 4 + 3] = 255;
    }
  }
  g.putImageData(lake, 0, water);
  g.fillStyle = 'rgba(255,226,190,.5)';
  g.fillRect(0, water, W, 1.5);

  // A jetty and a boat: straight lines and thin ropes are what enlarging is hard on.
  const dark = '#120e15';
  g.fillStyle = dark;
  g.fillRect(0, 862, 470, 13);
  g.fillRect(0, 880, 470, 5);
  for (let x = 18; x < 470; x += 74) g.fillRect(x, 836, 11, 120);
  g.strokeStyle = dark;
  g.lineWidth = 3;
  for (let x = 23; x < 440; x += 74) {
    g.beginPath();
    g.moveTo(x, 840);
    g.quadraticCurveTo(x + 37, 862, x + 74, 840);
    g.stroke();
  }
  g.fillStyle = dark;
  g.beginPath();
  g.moveTo(700, 838);
  g.quadraticCurveTo(840, 908, 1010, 826);
  g.quadraticCurveTo(985, 884, 930, 896);
  g.lineTo(770, 896);
  g.quadraticCurveTo(722, 880, 700, 838);
  g.fill();
  g.fillRect(862, 560, 7, 300);
  g.beginPath();
  g.moveTo(872, 575);
  g.lineTo(872, 820);
  g.lineTo(978, 814);
  g.fillStyle = '#e9d3bb';
  g.fill();
  g.beginPath();
  g.moveTo(858, 590);
  g.lineTo(858, 818);
  g.lineTo(770, 822);
  g.fillStyle = '#cbb09a';
  g.fill();
  g.strokeStyle = dark;
  g.lineWidth = 2;
  for (const [x, y] of [[712, 842], [1004, 830]]) {
    g.beginPath();
    g.moveTo(865, 562);
    g.lineTo(x, y);
    g.stroke();
  }
  fir(1440, 1010, 700, '#0f0b12');
  fir(1340, 1030, 420, '#130e16');
  g.lineWidth = 2.4;
  for (let i = 0; i < 150; i += 1) {
    const x = 1130 + random() * 400;
    g.strokeStyle = dark;
    g.beginPath();
    g.moveTo(x, 1024);
    g.quadraticCurveTo(x + (random() - 0.5) * 20, 970, x + (random() - 0.5) * 70, 1000 - 60 - random() * 130);
    g.stroke();
  }
  for (const [x, y, s] of [[560, 210, 22], [620, 246, 17], [520, 262, 14], [676, 202, 13]]) {
    g.lineWidth = 3.2;
    g.beginPath();
    g.moveTo(x - s, y - s * 0.35);
    g.quadraticCurveTo(x - s * 0.4, y - s * 0.75, x, y);
    g.quadraticCurveTo(x + s * 0.4, y - s * 0.75, x + s, y - s * 0.35);
    g.stroke();
  }

  const small = document.createElement('canvas');
  small.width = W / 4;
  small.height = H / 4;
  const s = small.getContext('2d');
  s.imageSmoothingQuality = 'high';
  s.drawImage(canvas, 0, 0, W / 4, H / 4);
  return small.toDataURL('image/jpeg', 0.92);
}
