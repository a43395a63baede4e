const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  compose: ['M12 5v14', 'M5 12h14'],
  more: ['M5 12h.01', 'M12 12h.01', 'M19 12h.01'],
  back: ['M15 5l-7 7 7 7'],
  close: ['M6 6l12 12', 'M18 6L6 18'],
  send: ['M12 19V5', 'M5.5 11.500L12 5l6.5 6.5'],
  down: ['M12 5v14', 'M5.5 12.500L12 19l6.5-6.5'],
  search: ['M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14', 'M16.2 16.200L20.5 20.5'],
  clock: ['M12 3.500a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17', 'M12 7.500V12l3 2'],
  check: ['M5 12.500l4.5 4.500L19 7.5'],
  checks: ['M1.5 12.500l4.5 4.500L15.5 7.5', 'M11.5 15.500l1.5 1.500L22.5 7.5'],
  alert: ['M12 3.500a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17', 'M12 7.500v5.5', 'M12 16.300v.01'],
  user: ['M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8', 'M4.5 20.500c1-4 4-5.5 7.5-5.500s6.5 1.5 7.5 5.5'],
  group: ['M9 5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7', 'M2.5 19.500c.8-3.500 3.400-4.800 6.500-4.800s5.700 1.300 6.500 4.800', 'M15.500 5.400a3.4 3.4 0 0 1 0 6.300', 'M18 15.300c1.800.6 3 1.900 3.500 4.200'],
  friends: ['M10 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8', 'M2.500 20.500c1-4 4-5.500 7.500-5.500c1.200 0 2.400.2 3.400.6', 'M17.500 21l-3-3a2 2 0 0 1 3-2.600a2 2 0 0 1 3 2.600z'],
  addFriend: ['M10 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8', 'M2.500 20.500c1-4 4-5.500 7.500-5.500c1.500 0 2.900.3 4.100.9', 'M18.500 15v6', 'M15.500 18h6'],
  removeFriend: ['M10 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8', 'M2.500 20.500c1-4 4-5.500 7.500-5.500c1.500 0 2.900.3 4.100.9', 'M15.500 18h6'],
  block: ['M12 3.500a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17', 'M6 6l12 12'],
  devices: ['M4 5h13v10H4z', 'M2 19h12', 'M17 9h4v10h-4z'],
  phone: ['M7.500 2.500h9a1.500 1.500 0 0 1 1.500 1.500v16a1.500 1.500 0 0 1-1.500 1.500h-9a1.500 1.500 0 0 1-1.500-1.500v-16a1.500 1.500 0 0 1 1.500-1.500z', 'M11 18.500h2'],
  bell: ['M6 17h12l-1.500-2.500V10a4.500 4.500 0 0 0-9 0v4.500z', 'M10.500 20h3'],
  muted: ['M6 17h12l-1.500-2.500V10a4.500 4.500 0 0 0-9 0v4.500z', 'M10.500 20h3', 'M4 4l16 16'],
  key: ['M8 10a4 4 0 1 0 0 8a4 4 0 1 0 0-8', 'M11 11l8.500-8', 'M16 6l3 3'],
  remove: ['M5 7h14', 'M10 7V5h4v2', 'M7 7l1 12h8l1-12'],
  swap: ['M7 4L3.5 7.500L7 11', 'M3.5 7.500H20', 'M17 13l3.5 3.500L17 20', 'M20.5 16.500H4'],
  leave: ['M10 4H5v16h5', 'M15 8l4.5 4L15 16', 'M19 12h-9'],
};

/** Returns a decorative icon; give its button a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon icon-${name}`);
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** Returns the product's logo. */
export function logo() {
  const image = document.createElement('img');
  image.src = '/icon.svg';
  image.alt = '';
  image.className = 'logo';
  return image;
}
