/** Style sheets are imported for their effect: the build makes one file per page out of them. */
declare module '*.css';
