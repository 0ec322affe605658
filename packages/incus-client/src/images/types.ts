/** An image (`GET /1.0/images/{fingerprint}`). */
export interface Image {
  readonly fingerprint: string;
  readonly type: 'container' | 'virtual-machine';
  readonly architecture: string;
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly aliases: readonly ImageAliasName[];
  readonly properties: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  readonly public: boolean;
  readonly cached: boolean;
  readonly auto_update: boolean;
  readonly created_at: string;
  readonly expires_at: string;
  readonly last_used_at: string;
  readonly uploaded_at: string;
  readonly project: string;
  readonly update_source?: ImageUpdateSource;
}

/** Where an image came from, to be fetched from again. */
export interface ImageUpdateSource {
  readonly alias: string;
  readonly certificate: string;
  readonly protocol: string;
  readonly server: string;
  readonly image_type: string;
}

/** A name of an image, as the image shows it. */
export interface ImageAliasName {
  readonly name: string;
  readonly description: string;
}

/** What can be changed of an image. */
export interface ImageChange {
  readonly auto_update?: boolean | undefined;
  readonly public?: boolean | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly profiles?: readonly string[] | undefined;
  readonly expires_at?: string | undefined;
}

/** A name for an image (`GET /1.0/images/aliases/{name}`). */
export interface ImageAlias {
  readonly name: string;
  readonly description: string;
  /** The image's fingerprint. */
  readonly target: string;
  readonly type: 'container' | 'virtual-machine';
}

/** A new alias; `target` is a fingerprint. */
export interface ImageAliasCreate {
  readonly name: string;
  readonly target: string;
  readonly description?: string | undefined;
  readonly type?: 'container' | 'virtual-machine' | undefined;
}
