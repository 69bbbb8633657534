/**
 * An image as a tar archive in the OCI layout: image-spec, "Image Layout".
 *
 * @module
 */
import type { Box } from "../box.ts";
import { ok } from "../command.ts";

interface Blob {
  digest: string;
  size: number;
}

/**
 * Makes an image of one layer from a root file system.
 *
 * @returns path of the archive
 */
export async function makeOciArchive(
  box: Box,
  rootfs: string,
  name: string,
): Promise<string> {
  const dir = `${box.dir}/layout`;
  await Deno.mkdir(`${dir}/blobs/sha256`, { recursive: true });
  const tar = `${box.dir}/layer.tar`;
  ok(await box.command(["tar", "-C", rootfs, "-cf", tar, "."]));
  const layer = await addBlob(dir, await Deno.readFile(tar));
  const config = await addJson(dir, {
    architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
    os: "linux",
    config: { Env: ["PATH=/usr/bin:/bin", "KIND=image"], Cmd: ["sh"] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const type = "application/vnd.oci.image";
  const manifest = await addJson(dir, {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: { mediaType: `${type}.config.v1+json`, ...config },
    layers: [{ mediaType: `${type}.layer.v1.tar`, ...layer }],
  });
  const entry = {
    mediaType: `${type}.manifest.v1+json`,
    ...manifest,
    annotations: { "io.containerd.image.name": name },
  };
  const index = { schemaVersion: 2, manifests: [entry] };
  await Deno.writeTextFile(`${dir}/index.json`, JSON.stringify(index));
  await Deno.writeTextFile(
    `${dir}/oci-layout`,
    JSON.stringify({ imageLayoutVersion: "1.0.0" }),
  );
  const archive = `${box.dir}/image.oci.tar`;
  ok(await box.command(["tar", "-C", dir, "-cf", archive, "."]));
  return archive;
}

function addJson(dir: string, value: unknown): Promise<Blob> {
  return addBlob(dir, new TextEncoder().encode(JSON.stringify(value)));
}

async function addBlob(
  dir: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Blob> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  await Deno.writeFile(`${dir}/blobs/sha256/${hash.toHex()}`, bytes);
  return { digest: `sha256:${hash.toHex()}`, size: bytes.length };
}
