export function compileNotebookSchemas(): Promise<void>;
