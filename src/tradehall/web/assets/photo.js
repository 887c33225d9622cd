// A photo as JPEG, no larger than is needed to see what is wrong: what a camera takes is too large to keep, and slow to send.
window.smallPhoto = async file => {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }), scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => canvas.toBlob(made => made ? done(made) : fail(new Error("no picture")), "image/jpeg", .82));
};
