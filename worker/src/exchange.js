// What the runtime's requests and responses are asked for at once: a call from wasm for each part takes longer than all the rest.

/// The request as HTTP writes it, with those headers that every request is looked at for.
export function head(request) {
  const { headers } = request;
  const authorization = headers.get("Authorization");
  const origin = headers.get("Origin");
  const minRevision = headers.get("X-Lookupd-Min-Revision");
  let text = `${request.method} ${request.url}`;
  if (authorization !== null) text += `\nAuthorization: ${authorization}`;
  if (origin !== null) text += `\nOrigin: ${origin}`;
  if (minRevision !== null) text += `\nX-Lookupd-Min-Revision: ${minRevision}`;
  return text;
}

/// A response with a copy of the bytes, which lie in wasm's memory. One without a body must be given none: of an empty text the
/// runtime would say a type.
export function respond(bytes, init) {
  return new Response(bytes.length === 0 ? null : bytes.slice(), init);
}
