/** Files on their way, above the list: how far they have come, and what can be done about them. */
import { humanSize } from '../base/format.js';
import { Icon } from '../base/icons.js';
import { cancelAllUploads, cancelUpload, retryUpload, uploads, type Upload } from './uploads.js';

/** More uploads than these are only counted. */
const MOST_UPLOADS = 12;

export function UploadRows() {
  if (uploads.value.length === 0) return null;
  return (
    <ul class="uploads" aria-label="Uploads">
      {uploads.value.slice(0, MOST_UPLOADS).map((upload) => (
        <UploadRow key={upload.id} upload={upload} />
      ))}
      {uploads.value.length > MOST_UPLOADS && (
        <li class="row upload-row">
          <span class="upload-name">… and {uploads.value.length - MOST_UPLOADS} more</span>
          <button type="button" class="button" onClick={cancelAllUploads}>
            Cancel all
          </button>
        </li>
      )}
    </ul>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  const percent = upload.size === 0 ? 0 : Math.floor((100 * upload.sent) / upload.size);
  return (
    <li class={`row upload-row ${upload.state}`}>
      <Icon name="upload" className="kind" />
      <span class="upload-name">
        <bdi>{upload.name}</bdi> <span class="size">{humanSize(upload.size)}</span>
      </span>
      {upload.state === 'failed' ? (
        <span class="field-error" role="alert">
          {upload.problem}
        </span>
      ) : (
        <progress
          max={100}
          value={upload.state === 'waiting' ? 0 : percent}
          aria-label={`Upload of ${upload.name}`}
        >
          {percent} %
        </progress>
      )}
      {upload.state === 'sending' && upload.problem !== undefined && (
        <span class="hint" role="status">
          {upload.problem} The upload goes on by itself.
        </span>
      )}
      {upload.state === 'failed' && (
        <button type="button" class="button" onClick={() => retryUpload(upload.id)}>
          Try again
        </button>
      )}
      <button type="button" class="button" onClick={() => cancelUpload(upload.id)}>
        {upload.state === 'failed' ? 'Dismiss' : 'Cancel'}
      </button>
    </li>
  );
}
