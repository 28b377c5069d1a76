// The picture that is asked about: chosen, dropped, pasted or photographed; and the map over it.

/** What the server reads; all else that the browser can show is sent as JPEG. */
const KNOWN = ["image/jpeg", "image/png", "image/gif", "image/bmp", "image/webp"];
const MOST_BYTES = 16 * 1024 * 1024;
const LONGEST_SIDE = 2048;
/** How dark it gets where the model didn't look. */
const DARKEST = 0.78;

const ROWS = ["top", "middle", "bottom"];
const COLUMNS = ["left", "middle", "right"];

export class Picture {
  /** base64 of the file as it is sent, without "data:...;base64,"; null before there is one. */
  data = null;
  name = "photo.jpg";

  constructor({ figure, image, canvas, caption }) {
    Object.assign(this, { figure, image, canvas, caption });
    new ResizeObserver(() => this.#draw()).observe(image);
  }

  /** Shows a file; says by an Error why it can't. */
  async choose(file) {
    if (!file.type.startsWith("image/")) {
      throw new Error("That is no picture. Choose a JPEG, PNG, GIF, BMP or WebP.");
    }
    const whole = KNOWN.includes(file.type) && file.size <= MOST_BYTES ? file : await asJpeg(file);
    const address = URL.createObjectURL(whole);
    try {
      this.image.src = address;
      await this.image.decode();
    } catch {
      throw new Error("This browser can't show that picture. Choose another one.");
    } finally {
      URL.revokeObjectURL(address);
    }
    this.image.parentElement.style.setProperty("--ratio", this.image.naturalWidth / this.image.naturalHeight);
    this.data = await base64(whole);
    this.name = whole === file ? file.name || "photo.png" : file.name.replace(/\.[^.]*$/, "") + ".jpg";
    this.figure.hidden = false;
    this.show(null);
  }

  /** @param shown {label, map, grid, window, picture} as /v1/maps gives them; or null */
  show(shown) {
    this.shown = shown;
    this.caption.textContent = shown ? `${shown.label}: it looked most at the ${place(shown)}.` : "";
    this.#draw();
  }

  #draw() {
    const { canvas, image, shown } = this;
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(image.clientWidth * scale);
    canvas.height = Math.round(image.clientHeight * scale);
    const pen = canvas.getContext("2d");
    if (!shown || canvas.width === 0) {
      return;
    }
    const { map, grid, picture } = shown;
    const box = shown.window;
    const x = canvas.width / picture.width;
    const y = canvas.height / picture.height;
    // Dark all over, then less so where it looked; what was cut off before the model saw it stays dark.
    pen.fillStyle = `rgb(0 0 0 / ${DARKEST})`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.clearRect(box.x * x, box.y * y, box.width * x, box.height * y);
    const most = Math.max(...map);
    const least = Math.min(...map);
    const small = document.createElement("canvas");
    small.width = grid.columns;
    small.height = grid.rows;
    const dots = new ImageData(grid.columns, grid.rows);
    map.forEach((value, i) => {
      dots.data[4 * i + 3] = 255 * DARKEST * (1 - (value - least) / (most - least || 1));
    });
    small.getContext("2d").putImageData(dots, 0, 0);
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(small, box.x * x, box.y * y, box.width * x, box.height * y);
    const best = map.indexOf(most);
    const [cx, cy] = centre(best, shown);
    for (const [width, colour] of [[5, "#000"], [2.5, "#fff"]]) {
      pen.beginPath();
      pen.lineWidth = width * scale;
      pen.strokeStyle = colour;
      pen.arc(cx * canvas.width, cy * canvas.height, 9 * scale, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
}

/** The middle of a patch, as parts of the picture's width and height. */
function centre(patch, { grid, window: box, picture }) {
  return [
    (box.x + (box.width * ((patch % grid.columns) + 0.5)) / grid.columns) / picture.width,
    (box.y + (box.height * (Math.floor(patch / grid.columns) + 0.5)) / grid.rows) / picture.height,
  ];
}

/** Where a map is highest, in words: for those who don't see it. */
export function place(shown) {
  const [x, y] = centre(shown.map.indexOf(Math.max(...shown.map)), shown);
  const third = (part) => Math.min(2, Math.max(0, Math.floor(3 * part)));
  const words = [ROWS[third(y)], COLUMNS[third(x)]];
  return words[0] === words[1] ? "middle" : words.filter((word) => word !== "middle").join(" ");
}

async function asJpeg(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error("This browser can't read that picture. Choose a JPEG, PNG, GIF, BMP or WebP.");
  }
  return toJpeg(bitmap, bitmap.width, bitmap.height);
}

/** A picture or a video's frame as a JPEG file of at most LONGEST_SIDE pixels. */
export function toJpeg(source, width, height) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob((blob) => done(new File([blob], "photo.jpg", { type: "image/jpeg" })), "image/jpeg", 0.92));
}

function base64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(new Error("The picture can't be read any more. Choose it again."));
    reader.readAsDataURL(blob);
  });
}
